// Common short English words, each spelt one way, for passwords that are easy to say.

export const WORDS = `
able acid acorn acre actor adapt adobe adult agent agile agree ahead aim alarm album alert alley alloy almond
alone alpha amber amount ample anchor angle ankle answer antler anvil apple apron arcade arch arena argue arm
arrow art ash aspen atlas atom attic aunt author autumn avenue awake award axis axle baby bacon badge bagel
bake baker balcony ball ballad bamboo banana band banjo bank banner barge bark barley barn baron barrel basil
basin basket bath battery bay beach beacon bead beak beam bean bear beard beaver bed beech beetle begin belief
bell belt bench berry bicycle bike bill birch bird biscuit bishop bison blade blanket blend block bloom
blossom blue board boat body boil bold bolt bone bonus book boot border bottle boulder bounce bow bowl box
branch brass brave bread breeze brick bride bridge brief bright brisk bronze brook broom brother brown brush
bubble bucket buckle budget build bulb bundle bus bush butter button cabbage cabin cable cactus cafe cage cake
calm camel camera camp canal candle candy canoe canvas canyon cap cape captain caravan carbon card cargo
carpet carrot cart carve case castle cat catalog catch cave cedar celery cell cello cement census cereal chain
chair chalk chance chapel chapter charm chart cheek cheese chef cherry chess chest chief chimney chin choice
choir cider cinema circle circus citrus city clam clarity class clay clean clear clerk clever cliff climb
clinic clip cloak clock cloth cloud clover club coach coast coat cobalt cocoa coconut code coffee coin collar
colony comb comedy comet comic compass concert copper coral cord core cork corn corner cosmos cottage cotton
couch county couple course cousin cove cover cow crab crane crater crayon cream credit creek crew cricket
crisp crop crow crowd crown cruise crumb crust crystal cube cuckoo cup curl curry curtain curve cushion custom
cycle daisy dam dance dash date dawn day debut deck deer degree delta denim depot desert desk detail dial
diary dice diesel diet dinner dish ditch dock doctor dog doll dollar dolphin dome donkey door dot double dough
dove dozen dragon drama draw dream dress drift drill drink drive drum dry duck duet dune dusk dust eager eagle
early earth east easy echo edge editor eel egg eight elbow elder electric elf elm ember emerald empire empty
engine enjoy entry envelope epic equal essay estate evening event exact exit expert extra eye fabric face fact
falcon fall family famous fan fancy farm father fawn feast feather fence fern ferry festival fiddle field fig
film filter final finch finger fire first fish five flag flame flask flat fleet flint float flock flood floor
flour flower fluid flute fly foam fog folder folk food foot forest forge fork form fort forum fossil fountain
four fox frame fresh friend fringe frog front frost fruit fuel funnel fur future gadget galaxy gallery gallon
game garage garden garlic garnet gate gazelle gear gem general gentle giant gift ginger giraffe give glacier
glad glass globe glove glow glue goal goat gold golf goose gorge gown grace grade grain grand grape graph
grass gravel gravy green grid grin grocer group grove growth guard guest guide guitar gulf gull gum gust habit
hail half hall hammer hamster hand handle happy hare harp harvest hat hawk hay hazel head health heart heat
hedge heel helmet help hen herb herd hero heron hill hinge hint history hive hobby hockey holiday hollow holly
home honest honey hood hook hope horn horse hotel hour house hover human humble hundred hungry hut ice icon
idea igloo image inch index infant ink inlet inn insect inside iron island ivory ivy jacket jade jaguar jam
jar jasmine jazz jeans jelly jersey jet jewel jigsaw job joke jolly journal journey joy judge juice jumbo jump
jungle junior jury just kayak keen keep kennel kettle key keyboard kind king kiosk kitchen kite kitten kiwi
knee knight knit knot koala label lace ladder lady lagoon lake lamb lamp land lane language lantern large
laser late laugh laundry lava lawn lawyer layer leaf league learn leather ledge lemon lens lentil leopard
lesson letter level lever library lid life lift light lilac lily lime limit line linen lion lip liquid list
lizard llama load loaf lobby lobster local locker loft logic long loop lorry lotion lotus loud lounge loyal
lucky lumber lunar lunch lung lynx lyric machine magic magnet maid mail major make mallet mammal mango manor
mantle map maple marble march margin marine market marsh mask mason mast match meadow meal measure medal media
medium melody melon member memory menu merit merry metal meteor meter middle midnight mile milk mill mimic
mind mineral minor mint minute mirror mist mitten mixer mobile model modern modest mole moment monkey month
moon moose morning mosaic moss moth mother motor mountain mouse mouth move movie mud muffin mug mule muscle
museum music must mustard mutual nail name napkin narrow nation native nature navy near neat neck nectar
needle nephew nerve nest net neutral new news nice nickel night nine noble noise noodle noon normal north nose
note notebook novel number nurse nut oak oar oasis oat ocean octave octopus offer office often oil olive one
onion open opera optic option orange orbit orchard orchid order organ otter oval oven owl owner oxygen oyster
packet paddle page paint pair palace palm pan panda panel panther pantry paper parade parcel parent park
parrot parsley party pass pasta paste pastry patch path patio pattern pause peace peach peacock peak peanut
pear pearl pebble pedal pelican pen pencil penguin pepper perfect perfume permit person phone photo phrase
piano picnic picture pie pier pigeon pillow pilot pine pink pioneer pipe pitch pizza place plain planet plank
plant plate play plaza plenty plum plus pocket poem poet point polar pole police polish pond pony pool poplar
poppy porch port portrait post potato pottery pound powder power prairie praise present pretty price pride
prince print prize problem profit proof proper proud public pudding puddle pulse pump pumpkin pupil puppet
puppy pure purple purse puzzle pyramid quail quality quarry quarter quartz queen quest quick quiet quill quilt
quince quiz quota quote rabbit race radar radio radish raft rail rain raisin rally ranch range rapid rare
raven ray razor reach read ready real reason recipe record reed reef region relax relay relic rent repair
reply report rescue reserve rest result return reward rhyme rhythm ribbon rice rich ride ridge right ring
ripple rise river road roast robe robin robot rock rocket rodeo roll roof room root rope rose rotor round
route row royal rubber ruby rug rugby ruler run rural rush rust saddle safari safe sage sail sailor salad
salmon salon salt salute sample sand sandal satin sauce saucer sauna scale scarf scene school science scooter
score scout screen script scroll sea seal search season seat second seed senior sense series seven shade
shadow shape share sharp shed sheep sheet shelf shell shepherd shield shift shine ship shirt shoe shop shore
short shoulder show shrimp shrub shuttle side signal silent silk silver simple singer sink siren sister six
size skate sketch ski skill skin skirt sky slate sled sleep slice slide slipper slope slow small smart smile
smoke smooth snack snail snow soap soccer social sock soda sofa soft soil solar solid solo sonar song sonic
soup south space spade spark sparrow speak spear spell sphere spice spider spin spiral spirit splash spoon
sport spray spring sprout square squirrel stable stack stadium staff stage stair stamp star start state statue
steam steel stem step stereo stick still stock stone stool stop stork storm story stove straw stream street
string strong studio study sugar suit summer summit sun sunny sunset super supper surf swallow swan sweater
sweet swift swim swing switch sword symbol syrup system table tail tailor talent talk tall tango tank tape
target tariff task taste taxi tea teach team teapot temple ten tennis tent term test text thank theme theory
thick thimble thin thistle thorn thread three throne thumb thunder thyme ticket tidal tide tidy tiger tile
timber time tin tiny title toast today toffee token tomato tone tongue tool tooth topic torch total totem
toucan touch tour towel tower town track tractor trade trail train tram travel tray treat tree trek trend
trial tribe trick trip trophy trout truck true trumpet trunk trust truth tube tulip tuna tundra tunnel turban
turkey turn turnip turtle tutor tweed twelve twenty twig twin two ultra umbrella uncle under union unique unit
upper upset urban useful usual utensil valley value valve van vanilla vase vast vault vegan veil velvet vendor
venue verb verse vessel vest victory video view villa village vine vinegar vintage violet violin visit visual
vital vivid vocal voice volcano volume vote vowel voyage wafer waffle wage wagon waist waiter walk wall wallet
walnut walrus waltz warm wash wasp watch water wave wax weather weave wedge week weekend weight west whale
wheat wheel whisk whisper whistle white whole wide wild willow wind window wine wing winner winter wire wise
wish witness wizard wolf wood wool word work world worthy wren wrist writer yacht yard yarn yawn year yeast
yellow yoga yogurt young youth zebra zero zigzag zinc zipper zone zoo
`.trim().split(/\s+/);

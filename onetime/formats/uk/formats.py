"""Ukrainian dates: a comma before the time, and a no-break space before the «р.» of the year."""

DATE_FORMAT = "j E Y\xa0р."
DATETIME_FORMAT = "j E Y\xa0р., H:i"
SHORT_DATE_FORMAT = "d.m.Y"
SHORT_DATETIME_FORMAT = "d.m.Y H:i"

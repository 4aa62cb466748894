from onetime_cli.main import program

program()

# API v1. Share: the text comes from standard input, so that it is not in the list of processes.
printf %s "correct horse battery staple" |
  curl --silent --data-urlencode secret@- --data ttl=3600 ORIGIN/api/v1/share

# The answer has a secret_key: the link is ORIGIN/secret#secret_key
# Open, which works once:
curl --silent --request POST ORIGIN/api/v1/secret/SECRET_KEY

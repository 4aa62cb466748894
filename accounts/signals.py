"""What other apps are told about accounts, which knows none of them.

Receivers get `sender=User` and `user`, the account.
"""

from django.dispatch import Signal

#: Collects the export. A receiver returns {section name: JSON-ready data, or an iterator of it}.
exporting = Signal()

#: Sent before anything is changed, outside a transaction. What must succeed elsewhere (a
#: cancelled subscription) is done here. A receiver that raises CannotClose keeps the account.
closing = Signal()

#: Sent inside the transaction that deletes the row: receivers erase what belongs to the
#: account in this database.
erasing = Signal()

#: Sent after the address was changed and is confirmed; `user.email` is the new one.
address_changed = Signal()


class CannotClose(Exception):
    """The account cannot be closed now; the message is a sentence for the person, translated."""

"""The two mails about money, sent by whoever wrote the change that they are about.

The revision lets one writer turn a status into another, so each change is told once, however
often Stripe reports it.
"""

from accounts.preferences import mail_language
from billing.models import ENDED, BillingAccount
from onetime import mail

#: Standings whose end is no news: nothing was ever paid for.
NEVER_BEGAN = (*ENDED, "incomplete")


def tell(before: BillingAccount, after: BillingAccount) -> None:
    """Mail what became of a subscription between two states of its row."""
    if after.status == "past_due" != before.status:
        plan = after.plan.name if after.plan else ""
        mail.payment_failed(
            after.user.email, plan=plan, until=after.grace_until(), language=mail_language(after.user)
        )
    elif before.status not in NEVER_BEGAN and after.status in ENDED:
        plan = before.plan.name if before.plan else ""
        mail.subscription_ended(after.user.email, plan=plan, language=mail_language(after.user))

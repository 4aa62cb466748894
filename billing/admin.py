"""What operators see and do about plans and payers."""

from billing import admin_accounts, admin_events, admin_plans

__all__ = ["admin_accounts", "admin_events", "admin_plans"]

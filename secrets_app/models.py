"""A secret as the server holds it: sealed content while it lives, a tombstone after. And uploads."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    NEW = "new", _("new")
    OPENED = "opened", _("opened")
    BURNED = "burned", _("burned")
    EXPIRED = "expired", _("expired")
    # Left out when a backup was restored: nobody can know whether it had been opened since.
    LOST = "lost", _("lost")


class Secret(models.Model):
    """One row a secret. Nothing here opens it: see docs/format.md.

    A row ends as a tombstone (state and times, no content) that lives until twice the
    lifetime. `due_at` is when the purge next has something to do: at first the expiry, after
    an opening the end of the hold, at last the end of the tombstone.
    """

    id = models.UUIDField(primary_key=True)  # secret_id, derived from the link key by its maker
    state = models.CharField(max_length=7, choices=State, default=State.NEW)
    passphrase = models.BooleanField()  # whether one is needed; the passphrase is nowhere
    receipt_seen = models.BooleanField(
        default=False, db_default=False
    )  # read through API v1: "viewed" in its words
    size = models.BigIntegerField()  # bytes of the envelope, padded
    proof_hash = models.BinaryField(max_length=32)
    receipt_hash = models.BinaryField(max_length=32, unique=True)
    claim_hash = models.BinaryField(max_length=32, null=True)
    content = models.BinaryField(null=True)  # the envelope under the second lock, if it came in one piece
    # Or how many Segment rows hold it; 0 again when they are erased.
    segments = models.PositiveIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    burned_at = models.DateTimeField(null=True)
    hold_until = models.DateTimeField(null=True)  # the holder of the claim may fetch again until
    forget_at = models.DateTimeField()  # when the tombstone goes too: twice the lifetime
    due_at = models.DateTimeField(db_index=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_index=False, related_name="secrets"
    )
    listing_hash = models.BinaryField(max_length=32, null=True)  # of A, the key that lists show
    label = models.BinaryField(null=True)  # the sender's own words, under the second lock; goes with the row

    class Meta:
        verbose_name = _("secret")
        verbose_name_plural = _("secrets")
        indexes = [
            models.Index(
                fields=["owner", "-created_at", "id"],
                name="secret_owner_newest",
                condition=models.Q(owner__isnull=False),
            ),
            models.Index(
                fields=["owner", "state", "-created_at", "id"],
                name="secret_owner_state",
                condition=models.Q(owner__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["listing_hash"], name="secret_listing", condition=models.Q(listing_hash__isnull=False)
            ),
            models.CheckConstraint(
                name="secret_tombstone_is_empty",
                condition=models.Q(state__in=["new", "opened"]) | models.Q(content__isnull=True, segments=0),
            ),
        ]

    @property
    def has_content(self) -> bool:
        """Whether there is anything left to give out, in one piece or in segments."""
        return self.content is not None or self.segments > 0

    def state_at(self, now: datetime) -> State:
        """The state as of `now`: expiry needs no purge to be true."""
        if self.state == State.NEW and self.expires_at <= now:
            return State.EXPIRED
        return State(self.state)

    def ended_at(self) -> datetime:
        """When it was opened or burned, else when it expired or will."""
        return self.opened_at or self.burned_at or self.expires_at


class Segment(models.Model):
    """One sealed segment of an envelope, under the second lock; of an upload at first, then of a secret.

    It belongs by `secret_id` and to no row by a key, for the row changes when an upload is finished.
    """

    secret_id = models.UUIDField()
    number = models.PositiveIntegerField()
    content = models.BinaryField(null=True)  # or in the object store:
    object = models.CharField(max_length=32, default="")  # a random name there, which tells nothing

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        constraints = [models.UniqueConstraint(fields=["secret_id", "number"], name="segment_place")]
        indexes = [
            models.Index(fields=["object"], name="segment_object", condition=~models.Q(object="")),
        ]


class Upload(models.Model):
    """An envelope that is being sent by segment. Nothing opens it: it is no secret until it is finished."""

    id = models.UUIDField(primary_key=True)  # the secret_id that it will have
    key_hash = models.BinaryField(max_length=32)  # of the key that lets its sender go on
    size = models.BigIntegerField()  # bytes of the whole envelope
    segments = models.PositiveIntegerField()
    proof_hash = models.BinaryField(max_length=32)
    passphrase = models.BooleanField()
    ttl = models.PositiveIntegerField()  # seconds, from the moment it is finished
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="uploads")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")

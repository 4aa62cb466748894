"""Named limits by client, where a client is an HMAC that means nothing tomorrow."""

from typing import Any, cast

import pytest
import time_machine
from django.core.cache import cache, caches
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory

from onetime import ratelimit
from onetime.cache import Note
from onetime.ratelimit import RateLimited


def request_from(address="198.51.100.7", **headers):
    return RequestFactory().get("/", REMOTE_ADDR=address, headers=headers)


def test_a_use_over_the_limit_is_refused_and_says_when_to_come_back(settings):
    settings.RATE_LIMITS = "feedback=2/h"
    for _ in range(2):
        ratelimit.check(request_from(), "feedback")
    with pytest.raises(RateLimited) as limited:
        ratelimit.check(request_from(), "feedback")
    assert 1 <= limited.value.retry_after <= 3600


def test_another_client_and_another_name_are_counted_apart(settings):
    settings.RATE_LIMITS = "feedback=1/h"
    ratelimit.check(request_from(), "feedback")
    ratelimit.check(request_from("198.51.100.8"), "feedback")
    ratelimit.check(request_from(), "create")
    with pytest.raises(RateLimited):
        ratelimit.check(request_from(), "feedback")


def test_off_means_off(settings):
    settings.RATE_LIMITS = "off"
    for _ in range(50):
        ratelimit.check(request_from(), "feedback", rate="1/h")


@pytest.mark.parametrize(
    "value", ["nothing=1/h", "create", "create=5", "create=/h", "create=x/h", "create=5/y"]
)
def test_a_limit_that_does_not_exist_stops_the_process(value):
    with pytest.raises(ImproperlyConfigured, match="RATE_LIMITS"):
        ratelimit.configured_rates(value)


def test_an_ipv6_client_is_its_64_and_an_ipv4_client_its_whole_address():
    one, two = "2001:db8:1:2:aaaa::1", "2001:db8:1:2:bbbb::2"
    assert ratelimit.client_key(request_from(one)) == ratelimit.client_key(request_from(two))
    assert ratelimit.client_key(request_from("2001:db8:1:3::1")) != ratelimit.client_key(request_from(one))
    assert ratelimit.client_key(request_from("::ffff:198.51.100.7")) == ratelimit.client_key(request_from())
    assert ratelimit.client_key(request_from("198.51.100.8")) != ratelimit.client_key(request_from())


def test_the_client_key_changes_every_day_and_with_the_key(settings):
    with time_machine.travel("2026-11-22T12:00:00Z", tick=False):
        today = ratelimit.client_key(request_from())
    with time_machine.travel("2026-11-23T12:00:00Z", tick=False):
        assert ratelimit.client_key(request_from()) != today
    settings.SECRET_KEY = "another" * 10
    with time_machine.travel("2026-11-22T12:00:00Z", tick=False):
        assert ratelimit.client_key(request_from()) != today


@pytest.mark.parametrize(
    ("count", "forwarded", "expected"),
    [
        (0, "203.0.113.1", "198.51.100.7"),
        (1, "203.0.113.1", "203.0.113.1"),
        (1, "6.6.6.6, 203.0.113.1", "203.0.113.1"),
        (2, "6.6.6.6, 203.0.113.1, 10.0.0.1", "203.0.113.1"),
        (2, "203.0.113.1", "198.51.100.7"),
        (1, "", "198.51.100.7"),
        (1, " , ", "198.51.100.7"),
    ],
)
def test_proxies_are_trusted_only_as_configured(settings, count, forwarded, expected):
    """What a client writes into X-Forwarded-For stands left of what trusted proxies append."""
    settings.TRUSTED_PROXY_COUNT = count
    assert ratelimit.client_address(request_from(**{"X-Forwarded-For": forwarded})) == expected


@pytest.mark.parametrize("address", ["", "not an address", "198.51.100.7:1234"])
def test_an_address_that_is_none_shares_one_bucket(address):
    assert ratelimit.client_key(request_from(address)) == ratelimit.client_key(request_from(""))


def test_guessing_stops_the_guesser_and_leaves_everybody_else_a_first_try(settings):
    """Nobody can lock a recipient out: whoever has not guessed wrong may always try once."""
    settings.RATE_LIMITS = "wrong_proof=3/h,wrong_proof_all=5/h"
    secret = "ab" * 16
    for _ in range(3):
        ratelimit.check_guessing(request_from(), secret)
        ratelimit.count_wrong_guess(request_from(), secret)
    with pytest.raises(RateLimited):
        ratelimit.check_guessing(request_from(), secret)
    for number in range(20):
        guesser = request_from(f"203.0.113.{number}")
        ratelimit.check_guessing(guesser, secret)
        ratelimit.count_wrong_guess(guesser, secret)
        if number >= 2:  # together they are over: one try each, and no second
            with pytest.raises(RateLimited):
                ratelimit.check_guessing(guesser, secret)
    ratelimit.check_guessing(request_from("192.0.2.1"), secret)
    ratelimit.check_guessing(request_from(), "cd" * 16)


def test_nothing_about_the_client_is_readable_in_the_cache(settings):
    """Cache keys are keyed digests: no address, no name of a limit, nothing to try guesses on."""
    settings.RATE_LIMITS = "on"
    ratelimit.check(request_from(), "feedback")
    keys = cache.keys("*") if hasattr(cache, "keys") else list(vars(caches["default"])["_cache"])
    assert len(keys) == 1
    assert "198.51" not in keys[0]
    assert "feedback" not in keys[0]


@pytest.mark.django_db
def test_a_limited_visitor_is_answered_in_words(client, settings):
    settings.RATE_LIMITS = "status=1/h"
    path = "/api/v2/secrets/" + "0" * 32
    assert client.get(path).status_code == 404
    answer = client.get(path)
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) >= 1
    assert answer.json()["type"] == "/api#rate-limited"


def test_a_use_that_is_refused_counts_against_no_further_limit(settings):
    """Whoever is refused for this hour has not used up a part of the day."""
    settings.RATE_LIMITS = "on"
    rates = {"create": "1/h", "create_day": "9/d"}
    ratelimit.check_all(request_from(), rates)
    for _ in range(3):
        with pytest.raises(RateLimited):
            ratelimit.check_all(request_from(), rates)
    request = request_from()
    ratelimit.check_all(request, {"create_day": "9/d"})
    assert [usage.used for usage in ratelimit.usages(request)] == [2]


def test_all_that_a_request_counts_is_one_round_trip(settings, monkeypatch):
    """django-ratelimit says what is counted; the cache is asked once, and looked at without a trace."""
    settings.RATE_LIMITS = "on"
    asked = []
    backend: Any = type(caches["default"])
    count = backend.count

    def counting(self, notes):
        asked.append([note.more for note in notes])
        return count(self, notes)

    monkeypatch.setattr(backend, "count", counting)
    ratelimit.check_opening(request_from(), "ab" * 16)
    ratelimit.check_all(request_from(), {"create": "5/h", "create_day": "9/d"})
    assert asked == [[1, 0], [1, 1]]
    keys = cache.keys("*") if hasattr(cache, "keys") else list(vars(caches["default"])["_cache"])
    assert len(keys) == 3


def test_a_counter_lives_as_long_as_its_window(settings):
    settings.RATE_LIMITS = "on"
    with time_machine.travel("2026-11-22T12:00:00Z", tick=False) as clock:
        usage = []
        for _ in range(2):
            request = request_from()
            ratelimit.check(request, "feedback", rate="2/10m")
            usage += ratelimit.usages(request)
        assert [one.used for one in usage] == [1, 2]
        clock.shift(601)
        request = request_from()
        ratelimit.check(request, "feedback", rate="2/10m")
        assert ratelimit.usages(request)[0].used == 1
    redis: Any = cache
    if hasattr(redis, "ttl"):  # Redis itself forgets it
        assert all(0 < redis.ttl(key) <= 605 for key in redis.keys("*"))


def test_counting_goes_on_in_the_process_when_redis_is_gone():
    from onetime.cache import RedisOrProcessCache

    away = RedisOrProcessCache("redis://127.0.0.1:1/0", {"OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 0.2}})
    assert [away.count([Note("a", 1, 60, 5), Note("b", 0, 60, 5)]) for _ in range(2)] == [[1, 0], [2, 0]]


@pytest.fixture
def redis():
    if not hasattr(cache, "keys"):
        pytest.skip("about the connection to Redis")
    return cast("Any", cache).client.get_client()


def counted(key: str) -> list[int]:
    backend: Any = caches["default"]
    return list(backend.count([Note(key, 1, 60, 5)]))


def test_a_kept_connection_that_redis_has_ended_costs_no_count(redis):
    """A restart of Redis, or an idle time-out of a firewall, is not taken for an outage."""
    assert counted("kept") == [1]
    redis.client_kill_filter(_type="normal", skipme=False)
    assert counted("kept") == [2]


def test_a_redis_that_has_forgotten_the_script_is_given_it_again(redis):
    assert counted("script") == [1]
    redis.script_flush()
    assert [counted("script"), counted("script")] == [[2], [3]]


def test_a_window_that_has_ended_is_not_remembered(settings):
    """What was made of a use is kept for its window alone, and for one day's key."""
    settings.RATE_LIMITS = "on"
    with time_machine.travel("2026-11-22T23:59:50Z", tick=False) as clock:
        ratelimit.check(request_from(), "create_day")
        first = set(ratelimit._counters)
        clock.shift(20)
        request = request_from()
        ratelimit.check(request, "create_day")
        assert set(ratelimit._counters) > first
        assert ratelimit.usages(request)[0].used == 1


def test_counters_of_many_clients_take_bounded_memory(settings, monkeypatch):
    settings.RATE_LIMITS = "on"
    monkeypatch.setattr(ratelimit, "MOST_COUNTERS", 5)
    for number in range(20):
        ratelimit.check(request_from(f"198.51.100.{number}"), "status")
    assert len(ratelimit._counters) <= 5

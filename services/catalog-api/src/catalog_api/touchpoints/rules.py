"""Where customers meet a service."""

from enum import StrEnum


class Channel(StrEnum):
    PHONE = "phone"
    EMAIL = "email"
    CHAT = "chat"
    PORTAL = "portal"
    ON_SITE = "on_site"
    WALK_IN = "walk_in"
    API = "api"
    OTHER = "other"

"""Failures leave as problems that point at the field of the body that was sent."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, Field, model_validator

from shared.kit.problems import install_problem_handlers


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Form(StrEnum):
    CIRCLE = "circle"


class Square(BaseModel):
    kind: Literal["square"]
    side: int


class Circle(BaseModel):
    kind: Literal[Form.CIRCLE]
    radius: int

    @model_validator(mode="after")
    def _is_a_shape(self) -> "Circle":
        if self.radius < 0:
            raise ValueError("is none")
        return self


class Drawing(BaseModel):
    title: str
    shapes: list[Annotated[Square | Circle, Field(discriminator="kind")]]


class Red(BaseModel):
    colour: Literal[Colour.RED]


class Blue(BaseModel):
    colour: Literal[Colour.BLUE]


class Tinted(BaseModel):
    tint: Annotated[Red | Blue, Field(discriminator="colour")]


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI(title="Drawings")
    install_problem_handlers(app)

    @app.post("/drawings")
    async def draw(body: Drawing) -> None:
        pass

    @app.post("/tints")
    async def tint(body: Tinted) -> None:
        pass

    @app.get("/colours/{colour}/{number}")
    async def look(colour: Colour, number: int) -> None:
        pass

    @app.get("/slow")
    async def read() -> None:
        raise psycopg.errors.QueryCanceled("canceling statement due to statement timeout")

    @app.get("/unsendable")
    async def ask() -> None:
        raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")

    return app


@pytest.fixture
def send(app: FastAPI) -> Any:
    async def sent(method: str, path: str, body: Any = None) -> httpx.Response:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            return await http.request(method, path, json=body)

    return sent


@pytest.mark.parametrize(
    ("shape", "pointer"),
    [
        ({"kind": "square", "side": "long"}, "/shapes/0/side"),
        ({"kind": "circle", "radius": "long"}, "/shapes/0/radius"),
        ({"kind": "square"}, "/shapes/0/side"),
        ({"kind": "circle", "radius": -1}, "/shapes/0"),
        ({"kind": "heart"}, "/shapes/0/kind"),
        ({"kind": ["square"]}, "/shapes/0/kind"),
        ({}, "/shapes/0/kind"),
        (7, "/shapes/0"),
    ],
)
async def test_a_pointer_leads_to_the_field_that_was_sent(
    send: Any, shape: Any, pointer: str
) -> None:
    reply = await send("POST", "/drawings", {"title": "t", "shapes": [shape]})

    assert reply.status_code == 422
    assert [error["pointer"] for error in reply.json()["errors"]] == [pointer]


async def test_a_bad_word_is_answered_with_the_words_there_are(send: Any) -> None:
    reply = await send("POST", "/drawings", {"title": "t", "shapes": [{"kind": "heart"}]})

    (error,) = reply.json()["errors"]
    assert error["detail"] == "Input should be one of 'square', 'circle'"


async def test_a_form_that_is_not_known_is_told_in_words_of_the_wire(send: Any) -> None:
    bodies: tuple[Any, ...] = ({"tint": {"colour": "green"}}, {"tint": {}})

    replies = [await send("POST", "/tints", body) for body in bodies]

    unknown, absent = (reply.json()["errors"][0]["detail"] for reply in replies)
    assert unknown == "Input should be one of 'red', 'blue'"
    assert absent == "Field required: it says which form this has"


async def test_a_missing_field_is_pointed_at_even_if_it_is_called_like_a_value(send: Any) -> None:
    reply = await send("POST", "/drawings", {"note": "title", "shapes": []})

    assert [error["pointer"] for error in reply.json()["errors"]] == ["/title"]


async def test_who_sends_no_body_is_told_what_to_send(send: Any) -> None:
    reply = await send("POST", "/drawings")

    assert reply.status_code == 422
    assert "send a JSON object" in reply.json()["detail"]


async def test_what_the_driver_cannot_send_is_a_fault_of_the_request(send: Any) -> None:
    reply = await send("GET", "/unsendable")

    assert (reply.status_code, "NUL" in reply.json()["detail"]) == (422, True)


async def test_a_path_that_a_service_does_not_have_names_the_service(send: Any) -> None:
    reply = await send("GET", "/v1/services")

    assert reply.status_code == 404
    assert reply.json()["detail"].startswith("Drawings has no such path")


async def test_what_takes_too_long_says_that_repeating_does_not_help(send: Any) -> None:
    reply = await send("GET", "/slow")

    assert (reply.status_code, reply.json()["code"]) == (503, "took_too_long")
    assert "ask for less" in reply.json()["detail"]
    assert "Retry-After" not in reply.headers


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/colours/green/1", "There is no colour green: it is 'red' or 'blue'"),
        ("/colours/red/one", "There is nothing at this path"),
    ],
)
async def test_what_a_path_cannot_name_is_not_found(send: Any, path: str, detail: str) -> None:
    reply = await send("GET", path)

    assert (reply.status_code, reply.json()["detail"]) == (404, detail)

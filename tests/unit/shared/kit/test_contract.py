"""What the contract makes of the names and shapes that Pydantic and FastAPI give."""

from typing import Any

from shared.kit.contract import drop_titles, name_schemas, shape_parameters


def schema(name: str) -> dict[str, Any]:
    return {"type": "object", "title": name, "properties": {"title": {"title": "Title"}}}


def test_names_tell_the_domain_the_side_and_the_page() -> None:
    item = {"$ref": "#/components/schemas/catalog_api__benefits__schemas__Verdict"}
    contract = {
        "paths": {},
        "components": {
            "schemas": {
                "catalog_api__benefits__schemas__Verdict": schema("Verdict"),
                "Price-Input": schema("Price"),
                "Price-Output": {**schema("Price"), "required": ["title"]},
                "Page_Verdict_": {"properties": {"items": {"type": "array", "items": item}}},
            }
        },
    }

    name_schemas(contract)

    schemas = contract["components"]["schemas"]
    assert set(schemas) == {"BenefitsVerdict", "PriceIn", "PriceOut", "PageBenefitsVerdict"}
    page = schemas["PageBenefitsVerdict"]["properties"]["items"]
    assert page["items"]["$ref"] == "#/components/schemas/BenefitsVerdict"


def test_what_is_sent_and_answered_alike_is_one_model() -> None:
    sent = {"$ref": "#/components/schemas/Kind-Input"}
    contract: dict[str, Any] = {
        "paths": {"/v1/things": {"get": {"parameters": [{"schema": sent}]}}},
        "components": {"schemas": {"Kind": schema("Kind"), "Kind-Input": schema("Kind")}},
    }

    name_schemas(contract)

    assert list(contract["components"]["schemas"]) == ["Kind"]
    (parameter,) = contract["paths"]["/v1/things"]["get"]["parameters"]
    assert parameter["schema"] == {"$ref": "#/components/schemas/Kind"}


def test_titles_go_and_fields_of_that_name_stay() -> None:
    contract = {
        "paths": {"/v1/things": {"post": {"example": {"title": "A thing"}}}},
        "components": {"schemas": {"Thing": schema("Thing")}},
    }

    drop_titles(contract)

    thing = {"type": "object", "properties": {"title": {}}}
    assert contract["components"]["schemas"] == {"Thing": thing}
    assert contract["paths"]["/v1/things"]["post"] == {"example": {"title": "A thing"}}


def test_a_parameter_that_may_be_absent_is_not_null_and_says_what_its_type_says() -> None:
    kind = {"type": "string", "description": "comma-separated"}
    parameter: dict[str, Any] = {"name": "periods", "schema": {"anyOf": [kind, {"type": "null"}]}}

    shape_parameters({"paths": {"/v1/kpis": {"get": {"parameters": [parameter]}}}})

    assert parameter["schema"] == kind
    assert parameter["description"] == "comma-separated"

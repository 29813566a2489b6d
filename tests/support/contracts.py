"""What a contract says of an answer, to hold the answers of a running system against."""

import json
from typing import Any
from urllib.parse import quote

import httpx
import jsonschema_rs

from tests.support.processes import ROOT

INSTANCES = 2  # of each list's items that are looked into
BODY = "application/json"


def committed_contract(service: str) -> dict[str, Any]:
    """The contract as it is committed: to make it anew takes seconds, and `make openapi-check`
    says when it is not what the code serves."""
    file = ROOT / "services" / f"{service}-api" / "openapi.json"
    contract: dict[str, Any] = json.loads(file.read_text())
    return contract


class Contract:
    """A service's contract; `faults` is empty where an answer is as it says."""

    def __init__(self, service: str) -> None:
        self.document = committed_contract(service)
        self.paths: dict[str, dict[str, Any]] = self.document["paths"]
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}

    def faults(self, method: str, path: str, reply: httpx.Response) -> list[str]:
        """What is not as declared: status, media type, body, ETag, Link."""
        said = self.paths[path][method]["responses"].get(str(reply.status_code))
        if said is None:
            return [f"{reply.status_code} is not declared"]
        media = reply.headers.get("content-type", "").partition(";")[0]
        if media not in said.get("content", {"": {}}):
            return [f"{media} is not declared"]
        if not media.endswith(("/json", "+json")):
            return []
        fits = self._fitting(json.dumps(said["content"][media]["schema"]))
        misfits = [
            f"{error.instance_path}: {error.message[:300]}"
            for error in fits.iter_errors(reply.json())
        ]
        return misfits + _without(said, reply)

    def reads(self) -> list[str]:
        """The paths that can be read, those of lists before those of what is in them."""
        read = [path for path, operations in self.paths.items() if "get" in operations]
        return sorted(read, key=lambda path: path.count("{"))

    def needed_query(self, path: str, known: dict[str, str]) -> dict[str, str]:
        """The known ones of what a read demands; of figures these are the periods in any case."""
        return {
            parameter["name"]: known[parameter["name"]]
            for parameter in self.paths[path]["get"].get("parameters", ())
            if parameter["name"] in known
            and (parameter["required"] or parameter["name"] == "periods")
        }

    def _fitting(self, schema: str) -> jsonschema_rs.Draft202012Validator:
        """To make one takes longer than the request whose answer it looks at."""
        if schema not in self._validators:
            whole = {**json.loads(schema), "components": self.document["components"]}
            fits = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
            self._validators[schema] = fits
        return self._validators[schema]


def _without(said: dict[str, Any], reply: httpx.Response) -> list[str]:
    """The headers that are declared and absent; there is a next page only where a cursor says."""
    absent = {name for name in said.get("headers", {}) if name not in reply.headers}
    if reply.json().get("next_cursor") is None:
        absent.discard("Link")
    return [f"the header {name} is absent" for name in sorted(absent)]


def instances(template: str, lists: dict[str, list[dict[str, Any]]]) -> list[str]:
    """The paths that a template stands for, by what the lists above it hold."""
    found: list[tuple[str, dict[str, Any]]] = [("", {})]
    for part in template.split("/")[1:]:
        if not part.startswith("{"):
            found = [(f"{path}/{part}", item) for path, item in found]
            continue
        found = [
            (f"{path}/{quote(name, safe='')}", each)
            for path, item in found
            for each in lists.get(path, [item])[:INSTANCES]
            for name in _names(each, part[1:-1])
        ]
    return [path for path, _ in found]


def _names(item: dict[str, Any], parameter: str) -> list[str]:
    fields = (parameter, parameter.removesuffix("_id"), "key", "id")
    values = [item[field] for field in fields if isinstance(item.get(field), str | int)]
    return [str(value) for value in values[:1]]

"""What names mean, and whose records move when that changes."""

from metrics_api.attribution.rules import Directory, Name, moved_services, words_of


def test_a_name_of_the_source_stands_above_a_general_one() -> None:
    directory = Directory(1, {}, {("desk", "mail"): "own", (None, "mail"): "general"})

    assert directory.service_of("desk", " MAIL ") == "own"
    assert directory.service_of("other", "mail") == "general"
    assert directory.service_of("desk", "vpn") is None
    assert directory.service_of("desk", None) is None


def test_a_name_that_moves_takes_records_from_its_old_service() -> None:
    name: Name = ("desk", "mail")

    assert moved_services({name: "old"}, {name: "new"}) == {"old"}


def test_a_name_of_the_source_takes_records_from_the_general_meaning() -> None:
    before: dict[Name, str] = {(None, "mail"): "general"}

    assert moved_services(before, before | {("desk", "mail"): "own"}) == {"general"}


def test_a_new_name_takes_records_from_nobody() -> None:
    assert moved_services({}, {(None, "mail"): "general"}) == set()


class TestWords:
    def test_a_key_stands_above_a_name_and_the_first_key_has_a_name_of_two(self) -> None:
        words = words_of([("mail", "Post"), ("letter", "Mail"), ("b", "Same"), ("a", "same")])

        assert words == {"mail": "mail", "post": "mail", "letter": "letter"} | {
            "same": "a",
            "a": "a",
            "b": "b",
        }

    def test_words_of_vendors_and_customers_compare_without_case(self) -> None:
        directory = Directory(1, {}, {}, words_of([("sap", "SAP ERP")]), words_of([("hr", "HR")]))

        assert directory.vendor_product_of(" sap erp ") == "sap"
        assert directory.customer_of("hr") == "hr"
        assert directory.vendor_product_of("Oracle") is None
        assert directory.customer_of(None) is None

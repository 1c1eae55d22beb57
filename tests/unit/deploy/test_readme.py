"""The collection's README and changelog name what is there."""

from __future__ import annotations

from tests.unit.deploy.collection import COLLECTION, PLAYBOOKS, ROLES
from tests.unit.docs.markdown import anchors, links

README = COLLECTION / "README.md"


def test_links_lead_to_files_and_headings() -> None:
    for link in links(README):
        name, _, anchor = link.partition("#")
        target = (README.parent / name).resolve() if name else README
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_playbook_role_and_module_is_named() -> None:
    text = README.read_text(encoding="utf-8")
    wanted = {path.name for path in PLAYBOOKS} | {role.name for role in ROLES}
    wanted |= {path.stem for path in COLLECTION.glob("plugins/modules/*.py")}
    assert {name for name in wanted if name not in text} == set()

"""The schema of artifacts, as peewee models; see `models`."""

from __future__ import annotations

from peewee import BigIntegerField, BlobField, CompositeKey, DoubleField, Model

from pikoci.internal.store.columns import Flag, Text, owner
from pikoci.internal.store.models import Pipeline


class Artifact(Model):
    """A finished upload, under the SHA-256 of its bytes."""

    digest = Text(primary_key=True)
    upload = Text()
    size = BigIntegerField()
    created_at = DoubleField()

    class Meta:
        table_name = "artifacts"


class ArtifactGrant(Model):
    """A pipeline that may read an artifact; `named` once a version of it names the digest."""

    digest = Text()
    pipeline = owner(Pipeline)
    named = Flag()
    created_at = DoubleField()

    class Meta:
        table_name = "artifact_grants"
        primary_key = CompositeKey("digest", "pipeline")


class ArtifactChunk(Model):
    """A piece of an upload."""

    upload = Text()
    sequence = BigIntegerField()
    created_at = DoubleField()
    data = BlobField()

    class Meta:
        table_name = "artifact_chunks"
        primary_key = CompositeKey("upload", "sequence")

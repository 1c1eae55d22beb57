"""What the types built into a worker take: names, params and which of them are secret.

The pipeline room refuses a file that disagrees with these tables; a worker implements them. A type of the pipeline
wins over one of these that has the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

from pikoci.internal.domain.json_path import parse_json_path

ParamKind = Literal["string", "number", "bool", "list", "any"]


class Param(msgspec.Struct, frozen=True):
    """One parameter; a `number` is a whole one, 0 or more.

    `sensitive` values are masked everywhere. `supported` is False for what no worker does yet.
    `ignored` says, for people, why a parameter of older pipelines has no effect; setting one is a warning.
    A text is one of `choices`, where there are some, and `check` raises InvalidError for one that is wrong.
    """

    name: str
    kind: ParamKind
    description: str
    required: bool = False
    sensitive: bool = False
    supported: bool = True
    ignored: str = ""
    choices: tuple[str, ...] = ()
    check: Callable[[str], object] | None = None


class BuiltinResourceType(msgspec.Struct, frozen=True, kw_only=True):
    """A resource type that a worker knows without a definition.

    `params` belong to the resource. `get_params` and `put_params` may stand on a step and win over the resource's of
    the same name there; `any_put_params` takes every name. `version_keys` are the keys its versions can have.
    A type that is not `scheduled` makes versions only when somebody asks: its check_interval has no meaning.
    """

    name: str
    description: str
    params: tuple[Param, ...] = ()
    get_params: tuple[Param, ...] = ()
    put_params: tuple[Param, ...] = ()
    any_put_params: bool = False
    version_keys: tuple[str, ...]
    scheduled: bool = True
    can_put: bool = True
    cache: bool = False


class BuiltinRunner(msgspec.Struct, frozen=True, kw_only=True):
    """A runner that a worker knows without a definition. Exactly one of each group in `one_of` must be given."""

    name: str
    description: str
    params: tuple[Param, ...]
    one_of: tuple[tuple[str, ...], ...] = ()


class BuiltinSecretType(msgspec.Struct, frozen=True, kw_only=True):
    """A store of secrets that a worker knows without a definition. Exactly one of `one_of`, if any, must be given.

    `needs` names params that mean nothing without another one. The `path` of a variable wins over the store's.
    """

    name: str
    description: str
    params: tuple[Param, ...]
    one_of: tuple[str, ...] = ()
    needs: Mapping[str, str] = {}


_GIT_NAME = Param("name", "string", "Directory to clone into, in the work directory; the resource's name by default.")
_GIT_DEPTH = Param("depth", "number", "How many commits of history to clone; 0, the default, clones all of it.")
_GIT_SUBMODULES = Param("submodules", "bool", "Check out submodules too; false by default.")
_GIT_TAGS = Param("tags", "bool", "Fetch all tags into the clone, for `git describe`; false by default.")

_GIT = BuiltinResourceType(
    name="git",
    description="Commits or tags of a git repository, or the open pull requests of a forge.",
    cache=True,
    version_keys=("ref", "branch", "tag", "pr", "base"),
    params=(
        Param("url", "string", "Address of the repository: https, ssh, file or a path.", required=True),
        _GIT_NAME,
        Param("branch", "string", "Branch to follow; the repository's default branch if not given."),
        Param("tag", "string", "Follow tags instead of commits: true for all, or a glob such as `v1.*`."),
        Param("paths", "list", "Globs: only commits that touch a matching file are versions."),
        Param("ignore_paths", "list", "Globs: commits that touch matching files only make no version."),
        Param("disable_ci_skip", "bool", "Take commits with `[ci skip]` in their message too; false by default."),
        _GIT_DEPTH,
        _GIT_SUBMODULES,
        _GIT_TAGS,
        Param("username", "string", "User for https; only needed together with `password`."),
        Param("password", "string", "Password for https.", sensitive=True),
        Param("token", "string", "Access token for https, in place of user and password.", sensitive=True),
        Param("private_key", "string", "SSH private key, in PEM or OpenSSH form.", sensitive=True),
        Param("known_hosts", "string", "Lines of a known_hosts file; without it a host's first key is trusted."),
        Param("pr", "bool", "Follow the open pull requests of GitHub, GitLab, Gitea or Forgejo instead of commits."),
        Param("provider", "string", "`github`, `gitlab`, `gitea` or `forgejo`; by the url's host where it is plain."),
        Param("api_url", "string", "Address of the forge's API; by provider and host if not given."),
        Param("base", "string", "With `pr`: only pull requests that are to be merged to this branch."),
        Param("labels", "list", "With `pr`: only pull requests that have at least one of these labels."),
        Param("drafts", "bool", "With `pr`: drafts too; false by default."),
        Param("forks", "bool", "With `pr`: pull requests from forks too, if they have the `fork_label`; else none."),
        Param("fork_label", "string", "With `forks`: the label by which a maintainer lets one in."),
        Param("ca_cert", "string", "Certificates in PEM form that vouch for host and API, in place of the machine's."),
    ),
    get_params=(_GIT_NAME, _GIT_DEPTH, _GIT_SUBMODULES, _GIT_TAGS),
    put_params=(
        Param("name", "string", "Directory of the clone to push from; the resource's `name` by default."),
        Param("branch", "string", "Branch to push to; the resource's `branch` by default."),
        Param("force", "bool", "Overwrite the branch; false by default."),
    ),
)

_CRON = BuiltinResourceType(
    name="cron",
    description="The time: each check, at the resource's check_interval, makes a version.",
    version_keys=("date",),
    params=(Param("timezone", "string", "Time zone of the check_interval, such as `Europe/Berlin`; UTC by default."),),
    can_put=False,
)

_TRIGGER = BuiltinResourceType(
    name="trigger",
    description="A button: a put, a webhook call or a check by hand makes a version.",
    version_keys=("date", "trigger_pipeline", "trigger_job", "trigger_build"),
    any_put_params=True,
    scheduled=False,
)

_ARTIFACT = BuiltinResourceType(
    name="artifact",
    description="Files that one job makes and others use, stored by the server under their SHA-256.",
    version_keys=("sha", "timestamp"),
    scheduled=False,
    params=(
        Param("dir", "string", "Directory to unpack into, below the work directory; the resource's name by default."),
        Param("base_dir", "string", "Where to store.", ignored="the server stores artifacts, on no path of a worker"),
    ),
    get_params=(Param("dir", "string", "Directory to unpack into for this step."),),
    put_params=(Param("dir", "string", "Directory to store, below the work directory.", required=True),),
)

_IMAGE_DIR = Param("dir", "string", "Directory to write into, in the work directory; the resource's name by default.")
_IMAGE_PLATFORM = Param("platform", "string", "Which image of several, such as `linux/arm64`; the worker's by default.")
_IMAGE_SKIP = Param("skip_download", "bool", "Do not fetch the image itself; false by default.")

_REGISTRY_IMAGE = BuiltinResourceType(
    name="registry-image",
    description="Container images in a registry: those under one tag, or tags that are versions.",
    version_keys=("tag", "digest"),
    params=(
        Param("repository", "string", "Where the images are: `HOST/NAME`, or a name on Docker Hub.", required=True),
        Param("tag", "string", "The tag to follow; `latest` by default, unless `semver` or `tag_regex` is given."),
        Param("semver", "string", "Follow the tags that are versions in this range: `~1.2`, `>= 1.2 < 3`, `*`."),
        Param("tag_regex", "string", "Follow the tags that match as a whole; the first group is the version."),
        Param("variant", "string", "With `semver`, only tags that end in `-VARIANT`; put's `version` gets it, too."),
        Param("pre_releases", "bool", "With `semver`, alpha, beta and rc versions too; false by default."),
        Param("username", "string", "Whom to log in as; nobody by default."),
        Param("password", "string", "Password, or the access token that stands for one.", sensitive=True),
        Param("ca_cert", "string", "Certificates in PEM form that vouch for the registry, in place of the machine's."),
        Param("insecure", "bool", "Speak plain HTTP with the registry; false by default."),
        _IMAGE_DIR,
        _IMAGE_PLATFORM,
        _IMAGE_SKIP,
    ),
    get_params=(_IMAGE_DIR, _IMAGE_PLATFORM, _IMAGE_SKIP),
    put_params=(
        Param("image", "string", "The archive to push, below the work directory; globs may name it.", required=True),
        Param("tag", "string", "A tag to push under, beside the resource's."),
        Param("version", "string", "A version to push under, as a tag."),
        Param("additional_tags", "any", "More tags: a list, or the path of a file with words."),
    ),
)

_S3_DIR = Param("dir", "string", "Directory to write into, in the work directory; the resource's name by default.")
_S3_SKIP = Param("skip_download", "bool", "Do not fetch the object itself; false by default.")

_S3 = BuiltinResourceType(
    name="s3",
    description="Objects in S3, or a store that speaks as it does: those whose keys match, or the versions of one.",
    version_keys=("path", "version_id"),
    params=(
        Param("bucket", "string", "The bucket.", required=True),
        Param("regexp", "string", "Objects whose whole key matches are versions; the first group is the version."),
        Param("versioned_file", "string", "The key of one object, whose versions the bucket keeps."),
        Param("endpoint", "string", "Address of a store other than AWS, such as `https://minio.example.com:9000`."),
        Param("region", "string", "The bucket's region; us-east-1 by default."),
        Param("path_style", "bool", "Name the bucket in the path of addresses; true by default with an `endpoint`."),
        Param("access_key_id", "string", "Who asks; nobody by default.", sensitive=True),
        Param("secret_access_key", "string", "The secret that belongs to `access_key_id`.", sensitive=True),
        Param("session_token", "string", "The token of credentials that are lent for a while.", sensitive=True),
        Param("ca_cert", "string", "Certificates in PEM form that vouch for the store, in place of the machine's."),
        Param("server_side_encryption", "string", "How what is put is encrypted: `AES256` or `aws:kms`."),
        Param("sse_kms_key_id", "string", "The key for `aws:kms`."),
        _S3_DIR,
        _S3_SKIP,
    ),
    get_params=(_S3_DIR, _S3_SKIP),
    put_params=(
        Param("file", "string", "The file to store, below the work directory; a glob may name it.", required=True),
        Param("content_type", "string", "The media type of the object."),
        Param("acl", "string", "A canned ACL, such as `public-read`."),
    ),
)

_HTTP_NAME = Param("name", "string", "File to write, below the work directory; the last part of `url` by default.")

_HTTP = BuiltinResourceType(
    name="http",
    description="One file that a server has, by HTTP.",
    version_keys=("sha256", "etag", "last_modified", "version"),
    params=(
        Param("url", "string", "Address of the file: http or https.", required=True),
        _HTTP_NAME,
        Param(
            "version",
            "string",
            "What tells versions apart: `digest` of the file, the default, or the answer's `etag` or `last-modified`.",
            choices=("digest", "etag", "last-modified"),
        ),
        Param(
            "version_path",
            "string",
            "The version is a value in the file, which is JSON: `$.tag_name`.",
            check=parse_json_path,
        ),
        Param("headers", "any", "Map of headers to send."),
        Param("secret_headers", "any", "Map of more headers; their values are masked.", sensitive=True),
        Param("username", "string", "User to log in as."),
        Param("password", "string", "Password of the user.", sensitive=True),
        Param("token", "string", "Token to send, in place of user and password.", sensitive=True),
        Param("ca_cert", "string", "Certificates in PEM form that vouch for the server, in place of the machine's."),
        Param("max_size", "number", "Most mebibytes that the file may have; 1024 by default."),
    ),
    get_params=(_HTTP_NAME,),
    put_params=(
        Param("file", "string", "File of the work directory to send.", required=True),
        Param("method", "string", "`PUT`, the default, `POST` or `PATCH`.", choices=("PUT", "POST", "PATCH")),
    ),
)

_FS_NAME = Param("name", "string", "Directory to copy into, below the work directory; that itself by default.")

_FS = BuiltinResourceType(
    name="fs",
    description="A file or directory of the worker's machine, below those that the worker's `--fs-roots` allows.",
    version_keys=("path", "hash", "modified", "size"),
    params=(
        Param("path", "string", "Absolute path, which may have globs: `*`, `?`, `[a-z]`, `**`.", required=True),
        _FS_NAME,
        Param("max_size", "number", "Most mebibytes that all of it may have; 1024 by default."),
    ),
    get_params=(_FS_NAME,),
    put_params=(
        Param("source", "string", "File or directory of the work directory to copy to `path`.", required=True),
    ),
)

#: Every resource type built into the worker, by name.
BUILTIN_RESOURCE_TYPES: Mapping[str, BuiltinResourceType] = MappingProxyType(
    {kind.name: kind for kind in (_GIT, _CRON, _TRIGGER, _ARTIFACT, _FS, _HTTP, _REGISTRY_IMAGE, _S3)}
)

_EXEC = BuiltinRunner(
    name="exec",
    description="Run a program on the worker's machine, without a shell.",
    params=(
        Param("path", "string", "The program; a bare name is looked up in PATH.", required=True),
        Param("args", "list", "Its arguments; none by default."),
    ),
)

_SHELL = BuiltinRunner(
    name="shell",
    description="Run a shell script on the worker's machine; it stops at the first command that fails.",
    params=(
        Param("cmd", "string", "The script itself."),
        Param("file", "string", "A script file in the work directory; its `#!` line counts unless `shell` is set."),
        Param("shell", "string", "The shell; /bin/sh by default for `cmd`."),
    ),
    one_of=(("cmd", "file"),),
)

_DOCKER = BuiltinRunner(
    name="docker",
    description=(
        "Run a shell script, or a program, in a new container that sees the work directory as `/workdir`, by podman or"
        " docker."
    ),
    params=(
        Param("image", "string", "The image.", required=True),
        Param("cmd", "string", "The script; `/bin/sh -e` runs it."),
        Param("entrypoint", "list", "A program of the image and its arguments, run without a shell."),
        Param("user", "string", "Whom it runs as, by name or `uid:gid`; the image decides if not given."),
        Param("volumes", "list", "`./DIRECTORY:/TARGET` of the work directory; other sources need permission."),
        Param("network", "string", "`none`, `host` or a network's name; the container program decides if not given."),
        Param("pull", "string", "When to pull the image: `missing`, the default, `always` or `never`."),
        Param("cpus", "string", "At most so many processors, such as 1.5."),
        Param("memory", "string", "At most so much memory, such as `512m`."),
        Param("privileged", "bool", "Give it all rights of the container program's user; needs permission."),
        Param("args", "list", "More options of `docker run`; those that reach out of the container need permission."),
    ),
    one_of=(("cmd", "entrypoint"),),
)

#: Every runner built into the worker, by name.
BUILTIN_RUNNERS: Mapping[str, BuiltinRunner] = MappingProxyType(
    {runner.name: runner for runner in (_EXEC, _SHELL, _DOCKER)}
)

_SECRET_PATH = Param("path", "string", "Which secret to read, where a variable does not say so itself.")

_FILE = BuiltinSecretType(
    name="file",
    description="A file on the worker's machine, as far as a task's commands can read it.",
    params=(
        _SECRET_PATH,
        Param(
            "format", "string", "`json`, `yaml`, `env` or `raw` (key `content`); by the file's extension if not given."
        ),
    ),
)

_VAULT = BuiltinSecretType(
    name="vault",
    description="HashiCorp Vault or OpenBao: key-value stores of version 1 and 2.",
    params=(
        Param("address", "string", "Address of the server, such as `https://vault:8200`.", required=True),
        _SECRET_PATH,
        Param("namespace", "string", "The namespace, where the server has some."),
        Param("token", "string", "A token to read with.", sensitive=True),
        Param("role_id", "string", "Log in as an AppRole; with `secret_id`.", sensitive=True),
        Param("secret_id", "string", "The secret id of the AppRole, where it needs one.", sensitive=True),
        Param("jwt", "string", "Log in with a JSON web token; with `role`.", sensitive=True),
        Param("role", "string", "The role to log in as by JWT; the server's default if not given."),
        Param("auth_mount", "string", "Where the way to log in is mounted; `approle` or `jwt` if not given."),
        Param("ca_cert", "string", "Certificates in PEM form that vouch for the server, in place of the machine's."),
    ),
    one_of=("token", "role_id", "jwt"),
    needs=MappingProxyType({"secret_id": "role_id", "role": "jwt"}),
)

#: Every store of secrets built into the worker, by name.
BUILTIN_SECRET_TYPES: Mapping[str, BuiltinSecretType] = MappingProxyType({kind.name: kind for kind in (_FILE, _VAULT)})
#: The server's own store, which needs no definition, and the key of the value in each of its entries.
OWN_STORE, OWN_KEY = "pikoci", "value"

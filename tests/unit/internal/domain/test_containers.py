"""What a container's params ask for, and what of it needs permission."""

from typing import Any

import pytest

from pikoci.internal.domain.containers import ContainerOptionError, image_of, read_options


def argv(*args: str, **params: Any) -> list[str]:
    return read_options({**params, "args": list(args)}).argv


def grants(*args: str, **params: Any) -> list[str]:
    return read_options({**params, "args": list(args)}).grants


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        (["--memory", "1g", "--cpus=1.5"], ["--memory=1g", "--cpus=1.5"]),
        (["-m", "1g", "-u1000:1000", "-w=/x"], ["--memory=1g", "--user=1000:1000", "--workdir=/x"]),
        (["-it", "--rm", "-ti", "--init"], ["--init"]),
        (["-v", "/data", "--net", "host"], ["--volume=/data", "--network=host"]),
        (["--init=false", "--hostname", "--rm"], ["--hostname=--rm"]),
        (["--entrypoint", ""], ["--entrypoint="]),
        (["--entrypoint="], ["--entrypoint="]),
    ],
)
def test_options_are_read_in_every_form_and_need_no_permission(args: list[str], wanted: list[str]) -> None:
    assert argv(*args) == wanted
    assert grants(*args) == []


def test_params_stand_before_the_options() -> None:
    params = {"user": "1", "network": "none", "cpus": "2", "memory": "5m", "volumes": ["./a:/a"]}
    wanted = ["--user=1", "--network=none", "--cpus=2", "--memory=5m", "--volume=./a:/a", "--user=2"]
    assert argv("-u", "2", **params) == wanted


def test_variables_and_pull_are_taken_out() -> None:
    options = read_options({"args": ["-e", "A=b=c", "-e", "CI=true", "-eD=", "--env", "KNOWN", "--pull=always"]})
    assert (options.argv, options.env, options.pull) == ([], {"A": "b=c", "CI": "true", "D": ""}, "always")


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        (["--privileged"], ["--privileged"]),
        (["-v", "/etc:/etc:ro"], ["--volume /etc:/etc:ro"]),
        (["-v", "./in:/x:O,upperdir=/etc,workdir=/y"], ["--volume ./in:/x:O,upperdir=/etc,workdir=/y"]),
        (["-v", "named:/x"], ["--volume named:/x"]),
        (["-v", "../up:/x"], ["--volume ../up:/x"]),
        (["-v/var/run/docker.sock:/var/run/docker.sock"], ["--volume /var/run/docker.sock:/var/run/docker.sock"]),
        (["--mount", "type=bind,source=/,target=/h"], ["--mount type=bind,source=/,target=/h"]),
        (["--volumes-from", "other"], ["--volumes-from other"]),
        (["--pid=host"], ["--pid host"]),
        (["--pid", "host"], ["--pid host"]),
        (["--ipc=host", "--uts=host", "--userns=host"], ["--ipc host", "--uts host", "--userns host"]),
        (["--cgroupns=host", "--cgroup-parent", "/"], ["--cgroupns host", "--cgroup-parent /"]),
        (["--device", "/dev/kvm"], ["--device /dev/kvm"]),
        (["--cap-add=ALL"], ["--cap-add ALL"]),
        (["--security-opt", "seccomp=unconfined"], ["--security-opt seccomp=unconfined"]),
        (["--net", "container:other"], ["--network container:other"]),
        (["--network=ns:/proc/1/ns/net"], ["--network ns:/proc/1/ns/net"]),
        (["-p", "80:80"], ["--publish 80:80"]),
        (["--runtime=x", "--rootfs"], ["--runtime x", "--rootfs"]),
        (["--env-host"], ["--env-host"]),
        (["--something-new", "x"], ["--something-new x"]),
    ],
)
def test_what_reaches_out_of_the_container_needs_permission(args: list[str], wanted: list[str]) -> None:
    assert grants(*args) == wanted


def test_privileged_needs_permission() -> None:
    assert read_options({"privileged": True}).grants == ["--privileged"]
    assert read_options({"privileged": False}).grants == []


def test_paths_of_the_work_directory_are_looked_up() -> None:
    options = read_options({"volumes": [".:/a", "./x:/b:ro", "$WORKDIR/y:/c"]}, lambda path: f"<{path}>")
    assert options.argv == ["--volume=<.>:/a", "--volume=<./x>:/b:ro", "--volume=<./y>:/c"]
    assert options.grants == []


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"args": ["alpine"]}, '"alpine" is no option'),
        ({"args": ["--rm", "--", "alpine"]}, '"--" is no option'),
        ({"args": ["-Z"]}, '"-Z" is not known'),
        ({"args": ["--memory"]}, "--memory has no value"),
        ({"args": ["--name", "x"]}, "--name is the worker's own business"),
        ({"args": ["-d"]}, "--detach is the worker's own business"),
        ({"args": ["-itd"]}, "--detach is the worker's own business"),
        ({"args": ["--env-file=/etc/shadow"]}, "--env-file is the worker's own business"),
        ({"args": ["-l", "pikoci.worker=x"]}, '"pikoci.worker=x" is not a label for you to set'),
        ({"args": ["--cpus", "many"]}, 'args: "many" is not a number of processors'),
        ({"args": ["-e", "A B=c"]}, '"A B" is no name of an environment variable'),
        ({"args": ["-e", "*"]}, '"*" is no name of an environment variable'),
        ({"args": [1]}, "args must be a list of strings"),
        ({"memory": "lots"}, 'memory: "lots" is not a size'),
        ({"user": "--privileged"}, "is not a user"),
        ({"pull": "sometimes"}, 'pull: "sometimes" is not one of missing, always, never'),
        ({"volumes": ["./x"]}, 'volumes: "./x" is not of the form'),
        ({"volumes": ["./x:y"]}, 'volumes: "./x:y" is not of the form'),
    ],
)
def test_what_is_not_well_formed_is_refused(params: dict[str, Any], reason: str) -> None:
    with pytest.raises(ContainerOptionError) as error:
        read_options(params)
    assert reason in str(error.value)


@pytest.mark.parametrize("image", ["", "--privileged", "a b", "-v/:/x"])
def test_an_image_is_no_option(image: str) -> None:
    with pytest.raises(ContainerOptionError):
        image_of({"image": image})


@pytest.mark.parametrize("image", ["alpine", "docker.io/library/golang:1.25", "r.example:5000/a/b@sha256:00ff"])
def test_an_image_may_have_registry_tag_and_digest(image: str) -> None:
    assert image_of({"image": image}) == image

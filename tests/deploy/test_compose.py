"""What deploy/compose.yaml promises, read from the file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.deploy.compose_file import FILE, Unset, services

SET = {"HUB_DATABASE_PASSWORD": "secret"}
DEPLOY = FILE.parent


@pytest.mark.parametrize("variables", [{}, {"HUB_DATABASE_PASSWORD": ""}], ids=["missing", "empty"])
def test_there_is_no_password_but_the_one_that_is_set(variables):
    with pytest.raises(Unset, match=r"set it in deploy/\.env"):
        services(variables)


def test_the_password_is_in_no_argument_and_no_address():
    for name, service in services(SET).items():
        holding = {key for key, value in service.environment.items() if "secret" in value}
        assert holding == {"postgres": {"POSTGRES_PASSWORD"}, "mlflow": {"PGPASSWORD"}}[name]
        assert not [item for item in (*service.command, *service.check) if "secret" in item]


def test_it_listens_on_this_machine_unless_told_otherwise():
    described = services(SET)
    assert described["mlflow"].described["ports"] == ["127.0.0.1:5000:5000"]
    assert "ports" not in described["postgres"].described
    told = services({**SET, "HUB_LISTEN": "10.0.0.1", "HUB_PORT": "80"})
    assert told["mlflow"].described["ports"] == ["10.0.0.1:80:5000"]


def test_nothing_but_mlflow_reaches_the_database():
    networks = yaml.safe_load(FILE.read_text(encoding="utf-8"))["networks"]
    assert networks["database"] == {"internal": True}
    assert services(SET)["postgres"].described["networks"] == ["database"]


@pytest.mark.parametrize("name", ["postgres", "mlflow"])
def test_a_service_has_no_rights_that_it_does_not_need(name):
    described = services(SET)[name].described
    assert described["cap_drop"] == ["ALL"]
    assert described["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in described


def test_mlflow_starts_when_the_database_is_well():
    depends = services(SET)["mlflow"].described["depends_on"]
    assert depends == {"postgres": {"condition": "service_healthy"}}


def test_the_example_names_every_variable_of_the_file_and_sets_no_password():
    used = set(re.findall(r"\$\{(HUB_[A-Z_]+)", FILE.read_text(encoding="utf-8")))
    example = (DEPLOY / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^#?(HUB_[A-Z_]+)=", example, re.MULTILINE)) == used
    assert re.search(r"^HUB_DATABASE_PASSWORD=$", example, re.MULTILINE)
    assert "deploy/.env" in (DEPLOY.parent / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_the_image_holds_what_the_file_starts():
    """Only what stands in the repository is copied, and the build leaves all else out."""
    dockerfile = (DEPLOY / "mlflow.Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    let_in = (DEPLOY / "mlflow.Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert names == {line[1:] for line in let_in if line.startswith("!")}
    assert all(Path(DEPLOY.parent, name).exists() for name in names)
    assert re.search(r"^USER 10001", dockerfile, re.MULTILINE)

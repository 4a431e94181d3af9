"""All plugins together, called by their full names from a real play."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

PLAY = """\
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Install a package and an env file
      stowage.django.config_files:
        directories:
          - path: "{{ target }}/lib"
            mode: "0755"
            exclusive: true
            keep: [__pycache__]
        files: >-
          {{ query('stowage.django.tree', source, prefix=target ~ '/lib',
                   attributes={'mode': '0644'})
             + [{'path': target ~ '/x.env', 'mode': '0600', 'sensitive': true,
                 'content': {'KEY': 'hidden$', 'N': '1k' | stowage.django.size_bytes}
                            | stowage.django.env_file}] }}
"""


def test_a_play_converges_once(tmp_path: Path, collections_path: Path) -> None:
    target, source = tmp_path / "target", tmp_path / "source"
    target.mkdir()
    source.mkdir()
    (source / "a.py").write_text("'{{ not a template }}'\n")
    (tmp_path / "play.yml").write_text(PLAY)

    def play(*options: str) -> str:
        command = [Path(sys.executable).parent / "ansible-playbook", "play.yml", "-vvv", *options]
        extra = yaml.safe_dump({"target": str(target), "source": str(source)})
        answer = subprocess.run(
            [*command, "-i", "localhost,", "-e", f"@{_write(tmp_path / 'vars.yml', extra)}"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(collections_path),
                "ANSIBLE_HOME": str(tmp_path / "home"),
                "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
                "ANSIBLE_LOCALHOST_WARNING": "false",
            },
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
        assert "hidden$" not in answer.stdout
        return answer.stdout

    assert "changed=1" in play("--check", "--diff")
    assert list(target.iterdir()) == []
    assert "changed=1" in play("--diff")
    assert (target / "lib/a.py").read_text() == "'{{ not a template }}'\n"
    assert (target / "x.env").read_text() == "KEY='hidden$'\nN='1024'\n"
    assert "changed=0" in play()


def _write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path

#!/usr/bin/env python3
"""The command line as scripts and people use it: help, exit codes, where words go."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import house  # noqa: E402

COMMANDS = ("run", "check", "render", "manifest", "doctor", "audit")


def tocsin(*args, stdout=subprocess.PIPE, **given):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("SLACK_", "TOCSIN_", "REDIS_"))}
    env.update(given)
    done = subprocess.run([house.program("tocsin"), *args], env=env, stdout=stdout,
                          stderr=subprocess.PIPE, text=True, timeout=house.PATIENCE_S, check=False)
    return done.returncode, done.stdout or "", done.stderr


def test_help_is_an_answer_and_goes_to_stdout():
    for args in (("--help",), ("-h",), ("help",)):
        code, out, err = tocsin(*args)
        assert (code, err) == (0, ""), (args, code, err)
        for name in COMMANDS:
            assert f"\n  {name} " in out, f"{name} is not listed"
    for name in COMMANDS:
        code, out, err = tocsin(name, "--help")
        assert (code, err) == (0, ""), (name, code, err)
        assert "sage: tocsin " + name in out and "Exit " in out, out


def test_a_wrong_command_line_is_two_and_goes_to_stderr():
    for args in ((), ("nope",), ("run", "--bogus"), ("check",), ("render", "only-one"),
                 ("manifest", "teams"), ("audit", "--bogus"), ("doctor", "--bogus")):
        code, out, err = tocsin(*args)
        assert code == 2 and out == "" and err, (args, code, out)


def test_what_cannot_be_written_is_no_success():
    """A manifest that a full disk cut short must not look whole to a script."""
    for args in (("manifest",), ("version",), ("run", "--help")):
        with open("/dev/full", "w", encoding="ascii") as full:
            code, _, err = tocsin(*args, stdout=full)
        assert code == 1, (args, code)
        assert "standard output cannot be written: No space left on device" in err, err


def test_a_secret_that_cannot_be_read_is_not_called_missing():
    code, _, err = tocsin("run", "--plan", "x", SLACK_BOT_TOKEN="xoxb-1", SLACK_APP_TOKEN="xapp-1",
                          SLACK_BOT_TOKEN_FILE="/nowhere")
    assert code == 2 and "both SLACK_BOT_TOKEN and SLACK_BOT_TOKEN_FILE are set" in err, err
    assert "missing" not in err and "xoxb-1" not in err, err
    code, _, err = tocsin("run", "--plan", "x")
    assert code == 2 and "SLACK_BOT_TOKEN is missing" in err, err


def main():
    tests = [v for k, v in globals().items() if k.startswith("test_")]
    for test in tests:
        test()
        print(f"ok {test.__name__}")


if __name__ == "__main__":
    main()

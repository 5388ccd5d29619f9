"""Runs the plays, some at a time, each file in a process of its own, and adds up."""

import concurrent.futures
import glob
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
AT_ONCE = 3  # they mostly wait for one another


def play(name):
    done = subprocess.run([sys.executable, "-m", "unittest", "-v", name], cwd=HERE,
                          capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    ran = re.search(r"^Ran (\d+) test", said, re.M)
    bad = sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", said))
    if done.returncode != 0 and bad == 0:
        bad = 1
    return name, int(ran[1]) if ran else 0, bad, said


def main():
    names = sys.argv[1:] or sorted(os.path.basename(p)[:-3]
                                   for p in glob.glob(os.path.join(HERE, "play_*.py")))
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for name, ran, bad, said in pool.map(play, names):
            passed, failed = passed + max(ran - bad, 0), failed + bad
            print(f"{name}: {ran} played, {bad} failed", flush=True)
            if bad:
                print(said, flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())

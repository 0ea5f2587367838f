"""Makes importable what these tests share with others: test_cmd's repositories, and servers on the loopback."""
import pathlib
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "cmd")]

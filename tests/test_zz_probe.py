import sys; sys.path.insert(0, "/work/main")
from tests.test_docs import run, shell_blocks
def test_x(live_stack):
    out = run(shell_blocks("docs/api.md", "# The API by example"), live_stack)
    open("/tmp/gen/docs.out","w").write(out)

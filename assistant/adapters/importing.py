"""The lock under which large packages are imported while other threads run.

They import themselves in circles. Two threads that meet in one see half a module, or each waits for
the other until Python raises an error. Nothing that may wait for a server is done under it.
"""

import threading

one_at_a_time = threading.RLock()

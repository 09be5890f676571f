"""Which versions of the readers and of the splitter an installation has.

They are kept with what they have made. They stand apart, so that a web process learns them without
loading either.
"""

# Whoever changes what is read of any format adds one: texts of older versions are then read again.
READER_VERSION = 1
# Whoever changes where texts are cut adds one: what older versions have cut is then cut again.
SPLITTER_VERSION = 1

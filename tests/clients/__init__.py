"""Programs that use official clients, each in an environment of its own (`make clients`)."""

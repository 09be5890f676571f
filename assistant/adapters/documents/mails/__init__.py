"""Reading mails, also damaged ones."""

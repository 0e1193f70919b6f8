"""One function per rule kind; `hub.gate` holds the table of them."""

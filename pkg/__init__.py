"""Parts that know nothing of PikoCI."""

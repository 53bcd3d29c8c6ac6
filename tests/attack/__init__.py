"""What was tried from outside and found wanting, until it is mended and moves to its subject's tests."""

"""What a script changed: found, made into steps, sent until the server has them."""

"""The running product, asked over HTTP as its users do: right, wrong, refused, cited, and how fast."""

"""What the page knows of the gateway: its client, its language and its records."""

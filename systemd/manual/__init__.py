"""What systemd/documentation is made of."""

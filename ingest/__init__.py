"""MQTT in, checked readings out."""

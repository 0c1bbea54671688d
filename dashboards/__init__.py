"""Grafana: dashboards generated from the registry, and provisioning files."""

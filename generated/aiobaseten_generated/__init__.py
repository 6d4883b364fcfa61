"""Requests and answers of Baseten's management API, generated from openapi/baseten.json."""

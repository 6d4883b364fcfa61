"""What Baseten's management API takes and answers, made by a machine from openapi/baseten.json."""

"""From what Baseten publishes to one OpenAPI document: read strictly, translate, put together.

Everything here is a pure function from text or plain data to plain data, or a `SpecError`.
"""

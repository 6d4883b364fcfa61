"""Build one OpenAPI document from Baseten's pages and specs: read strictly, translate, merge.

All functions are pure: text or plain data in, plain data or a `SpecError` out.
"""

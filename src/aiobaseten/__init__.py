"""Promote Baseten chains and models from asyncio, and know when they are really live."""

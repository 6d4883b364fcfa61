"""The library judged from outside, by a scripted Baseten that shares no code with it."""

"""Mining by the user's own LLM, where there is one."""

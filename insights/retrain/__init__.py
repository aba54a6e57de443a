"""The reader trained anew on what people, or their LLM, say of their own calls."""

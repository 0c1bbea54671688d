"""Words, numbers, dates and charts in Vietnamese and English: how a fact is said and drawn, once."""

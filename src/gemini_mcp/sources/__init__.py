"""The one safe reader: whatever a tool sends upstream was read here, beneath the roots the user allowed."""

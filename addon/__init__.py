"""What is installed into Google, made from the configured solutions: Apps Script manifest, script, HTTP deployment."""

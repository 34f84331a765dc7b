"""What proposes sizes: the exact HPA, and networks read from model files. numpy decides; nothing learns."""

"""The page: Streamlit, and HTTP to the gateway. It imports nothing of ours but dossier."""

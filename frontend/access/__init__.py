"""Who is signed in: the sign-in, its cookie, one's own account."""

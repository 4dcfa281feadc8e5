ABOUT = "placeholder"
LINKS = (30, 180)

# half

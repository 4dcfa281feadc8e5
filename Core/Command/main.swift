print("mitogen")

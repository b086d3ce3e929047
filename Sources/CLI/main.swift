print("gpt2")

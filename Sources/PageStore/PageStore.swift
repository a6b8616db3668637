// The compressed image; see Image.swift.

"""Uploaded files and vector stores: files, texts and places as OpenAI's API calls them.

A vector store is a collection, and each of its files a document: a place of an uploaded file.
"""

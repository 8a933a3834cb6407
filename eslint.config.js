import js from '@eslint/js'
import reactHooks from 'eslint-plugin-react-hooks'
import typescript from 'typescript-eslint'

export default typescript.config(
  // The examples are projects of their own; their test compiles them as a user does.
  {
    ignores: [
      'dist',
      'storybook-static',
      'coverage',
      'examples',
      'test/package/api',
      'test/package/registered',
      'eslint.config.js',
    ],
  },
  js.configs.recommended,
  typescript.configs.recommendedTypeChecked,
  reactHooks.configs.flat.recommended,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // A driver and a test helper may be async for the sake of an interface.
      '@typescript-eslint/require-await': 'off',
      // Errors that were caught are thrown on; that they are errors is known where they arose.
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      // `String(value)` of what came from JSON is meant.
      '@typescript-eslint/no-base-to-string': 'off',
      eqeqeq: 'error',
      'no-console': ['error', { allow: ['warn', 'error'] }],
    },
  },
  // The command and the scripts talk to a terminal.
  {
    files: ['src/command/**/*.ts', 'scripts/**', 'bench/**', 'stories/demo/vite-plugin.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**'],
    rules: {
      // JSON from the wire, and partial matches of it, are looked at as they come.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // Measured figures are printed for the reader of the run.
      'no-console': 'off',
      // A test hands its hook out of the component in order to look at it.
      'react-hooks/globals': 'off',
      'react-hooks/immutability': 'off',
    },
  },
)

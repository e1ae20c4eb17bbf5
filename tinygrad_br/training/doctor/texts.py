"""What the doctor says of each finding, in English and in Portuguese.

Each has a title, a sentence about what was measured, one about why it matters, and the fix as code; `{places}` and the
other names in braces are filled with what was measured.
"""

from __future__ import annotations

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "none": "the doctor found nothing wrong",
        "one": "the doctor has 1 finding",
        "many": "the doctor has {} findings",
        "error": "error",
        "warning": "warning",
        "also": "What follows from it was seen too",
    },
    "pt": {
        "none": "o doutor não encontrou nenhum problema",
        "one": "o doutor encontrou 1 problema",
        "many": "o doutor encontrou {} problemas",
        "error": "erro",
        "warning": "aviso",
        "also": "Também foi visto, como consequência",
    },
}

Text = dict[str, str]

TEXTS: dict[str, dict[str, Text]] = {
    # the data ---------------------------------------------------------------------------------------------------------
    "not_finite": {
        "en": {
            "title": "NaN or infinity in the data",
            "what": "Entries that are not numbers: {count}, in {rows} of {all} rows: {places}.",
            "why": "One NaN makes the loss NaN, and with it every weight after the next step.",
            "fix": "keep = np.isfinite(x).all(axis=1)  # or fill the gaps with the mean of the column\n"
            "x, y = x[keep], y[keep]",
        },
        "pt": {
            "title": "NaN ou infinito nos dados",
            "what": "Entradas que não são números: {count}, em {rows} de {all} linhas: {places}.",
            "why": "Um só NaN torna a perda NaN e, no passo seguinte, todos os pesos.",
            "fix": "certas = np.isfinite(x).all(axis=1)  # ou preencha as lacunas com a média da coluna\n"
            "x, y = x[certas], y[certas]",
        },
    },
    "constant_columns": {
        "en": {
            "title": "columns that never change",
            "what": "The same number in every row: {places}.",
            "why": "A column without differences tells the rows apart by nothing: often it was read wrongly, and what"
            " it should have told is missing.",
            "fix": "x = x[:, x.std(axis=0) > 0]  # after a look at why they are constant",
        },
        "pt": {
            "title": "colunas que nunca mudam",
            "what": "O mesmo número em todas as linhas: {places}.",
            "why": "Uma coluna sem diferenças não distingue uma linha da outra: muitas vezes foi lida de forma errada,"
            " e falta a informação que ela deveria trazer.",
            "fix": "x = x[:, x.std(axis=0) > 0]  # depois de ver por que são constantes",
        },
    },
    "unscaled_inputs": {
        "en": {
            "title": "the inputs are not scaled",
            "what": "Columns, each with its smallest and largest number: {places}; numbers near 1 are wanted.",
            "why": "The curvature of the loss grows with the square of the inputs: weights on large columns need small"
            " steps, weights on small ones large steps, and no learning rate suits both.",
            "fix": "mean, std = x.mean(axis=0), x.std(axis=0)  # of the training rows, used for all others too\n"
            "x = (x - mean) / np.where(std > 0, std, 1)",
        },
        "pt": {
            "title": "as entradas não estão em escala",
            "what": "Colunas, cada uma com o menor e o maior número: {places}; o bom são números próximos de 1.",
            "why": "A curvatura da perda cresce com o quadrado das entradas: os pesos das colunas grandes precisam de"
            " passos pequenos, os das pequenas, de passos grandes, e nenhuma taxa de aprendizado serve para ambos.",
            "fix": "media, desvio = x.mean(axis=0), x.std(axis=0)  # das linhas de treino, usados em todas as outras\n"
            "x = (x - media) / np.where(desvio > 0, desvio, 1)",
        },
    },
    "unscaled_targets": {
        "en": {
            "title": "the targets are not scaled",
            "what": "The targets of {places} have a root mean square of {size}; the outputs begin at about {output}.",
            "why": "The gradient grows with the error: steps are far too large, or the outputs have far to go.",
            "fix": "mean, std = y.mean(axis=0), y.std(axis=0)\n"
            "y = (y - mean) / std  # and back: tg.predict(model, x) * std + mean",
        },
        "pt": {
            "title": "os alvos não estão em escala",
            "what": "Os alvos de {places} têm média quadrática {size}; as saídas começam em cerca de {output}.",
            "why": "O gradiente cresce com o erro: os passos ficam grandes demais, ou as saídas têm um longo caminho.",
            "fix": "media, desvio = y.mean(axis=0), y.std(axis=0)\n"
            "y = (y - media) / desvio  # e de volta: tg.predict(model, x) * desvio + media",
        },
    },
    "labels_out_of_range": {
        "en": {
            "title": "labels out of range",
            "what": "The labels go from {low} to {high}, but {loss} wants {wanted}.",
            "why": "There is no output for such a label, so its loss means nothing.",
            "fix": "{code}",
        },
        "pt": {
            "title": "rótulos fora do intervalo",
            "what": "Os rótulos vão de {low} a {high}, mas {loss} pede {wanted}.",
            "why": "Não há saída para um rótulo assim, e a perda dele não quer dizer nada.",
            "fix": "{code}",
        },
    },
    "label_leak": {
        "en": {
            "title": "the labels are in the inputs",
            "what": "The label can be read off {places}, which follows it to {share} %.",
            "why": "The network learns to copy the answer and will fail where the answer is not known.",
            "fix": "x = np.delete(x, {columns}, axis=1)",
        },
        "pt": {
            "title": "os rótulos estão nas entradas",
            "what": "O rótulo pode ser lido em {places}, que o acompanha em {share} %.",
            "why": "A rede aprende a copiar a resposta e vai falhar quando a resposta não for conhecida.",
            "fix": "x = np.delete(x, {columns}, axis=1)",
        },
    },
    "validation_in_training": {
        "en": {
            "title": "validation rows are training rows",
            "what": "{count} of {all} rows of the validation data are in the training data too ({share} %).",
            "why": "The validation figures then say how well the network remembers, not how well it will do.",
            "fix": "training, held_out = tg.datasets.Dataset(x, y).split(validation=0.2, seed=0)\n"
            "tg.fit(model, *training, validation_data=held_out, ...)  # equal rows stay on one side",
        },
        "pt": {
            "title": "linhas de validação são linhas de treino",
            "what": "{count} de {all} linhas dos dados de validação também estão nos de treino ({share} %).",
            "why": "As medidas de validação dizem então o quanto a rede decora, e não o quanto ela vai acertar.",
            "fix": "treino, separado = tg.datasets.Dataset(x, y).split(validation=0.2, seed=0)\n"
            "tg.fit(model, *treino, validation_data=separado, ...)  # linhas iguais ficam do mesmo lado",
        },
    },
    "sorted_labels": {
        "en": {
            "title": "the labels are sorted, and the rows are not shuffled",
            "what": "{share} % of the labels' variance lies between batches of {batch} rows; shuffled rows would have"
            " {expected} %.",
            "why": "Each batch pulls the network towards one class and the next one towards another: it forgets as fast"
            " as it learns.",
            "fix": "tg.fit(model, x, y, shuffle=True, ...)\n"
            "order = np.random.default_rng(0).permutation(len(x))  # or by hand: x, y = x[order], y[order]",
        },
        "pt": {
            "title": "os rótulos estão em ordem, e as linhas não são embaralhadas",
            "what": "{share} % da variância dos rótulos está entre lotes de {batch} linhas; com linhas embaralhadas"
            " seriam {expected} %.",
            "why": "Cada lote puxa a rede para uma classe, e o seguinte para outra: ela esquece tão depressa quanto"
            " aprende.",
            "fix": "tg.fit(model, x, y, shuffle=True, ...)\n"
            "ordem = np.random.default_rng(0).permutation(len(x))  # ou à mão: x, y = x[ordem], y[ordem]",
        },
    },
    # the network ------------------------------------------------------------------------------------------------------
    "activation_before_loss": {
        "en": {
            "title": "{activation} before {loss}",
            "what": "The network ends in {activation}: its outputs go from {low} to {high}.",
            "why": "{loss} applies {inner} itself and wants the numbers before it: twice, the network can never be"
            " sure, and its gradient all but vanishes.",
            "fix": "model = tg.nn.MLP(nin, nouts, output=None)  # no activation at the end, nor in a Sequential",
        },
        "pt": {
            "title": "{activation} antes de {loss}",
            "what": "A rede termina em {activation}: as saídas vão de {low} a {high}.",
            "why": "{loss} já aplica {inner} e espera os números de antes: com as duas, a rede nunca fica segura e o"
            " gradiente quase desaparece.",
            "fix": "model = tg.nn.MLP(nin, nouts, output=None)  # sem ativação no fim, também em Sequential",
        },
    },
    "unreachable_targets": {
        "en": {
            "title": "targets that the outputs cannot reach",
            "what": "The network ends in {activation}, between {low} and {high}, but {share} % of the targets lie"
            " outside: they go from {least} to {most}.",
            "why": "However long it learns, the loss stays above what these targets cost.",
            "fix": "model = tg.nn.MLP(nin, nouts, output=None)  # no activation at the end, nor in a Sequential",
        },
        "pt": {
            "title": "alvos que as saídas não alcançam",
            "what": "A rede termina em {activation}, entre {low} e {high}, mas {share} % dos alvos ficam fora: vão de"
            " {least} a {most}.",
            "why": "Por mais que ela aprenda, a perda não desce abaixo do que esses alvos custam.",
            "fix": "model = tg.nn.MLP(nin, nouts, output=None)  # sem ativação no fim, também em Sequential",
        },
    },
    "symmetric_init": {
        "en": {
            "title": "neurons that start alike",
            "what": "Neurons with the same weights and the same gradient; how many differ, of all: {places}.",
            "why": "What starts alike and is pulled alike stays alike: a whole layer computes no more than one neuron.",
            "fix": "rng = np.random.default_rng(0)  # or tg.nn.Layer(nin, nout, init='he_normal', seed=0)\n"
            "layer.weights.data = rng.normal(0, np.sqrt(2 / layer.nin), layer.weights.shape)",
        },
        "pt": {
            "title": "neurônios que começam iguais",
            "what": "Neurônios com os mesmos pesos e o mesmo gradiente; quantos diferem, do total: {places}.",
            "why": "O que começa igual e é puxado igual continua igual: a camada inteira calcula tanto quanto um só"
            " neurônio.",
            "fix": "rng = np.random.default_rng(0)  # ou tg.nn.Layer(nin, nout, init='he_normal', seed=0)\n"
            "layer.weights.data = rng.normal(0, np.sqrt(2 / layer.nin), layer.weights.shape)",
        },
    },
    "dead_units": {
        "en": {
            "title": "dead relus",
            "what": "Always 0, for each of the {rows} rows looked at: {places}.",
            "why": "Where a relu is off its derivative is 0: a unit that is off for every row gets no gradient and"
            " cannot come back.",
            "fix": "model = tg.nn.MLP(nin, nouts, activation='leaky_relu')  # or 'elu', 'gelu'; biases of 0\n"
            "tg.fit(model, x, y, lr=lr / 10, ...)  # if they died during training",
        },
        "pt": {
            "title": "relus mortas",
            "what": "Sempre 0, em cada uma das {rows} linhas examinadas: {places}.",
            "why": "Onde a relu está desligada, a derivada é 0: um neurônio desligado em todas as linhas não recebe"
            " gradiente e não volta mais.",
            "fix": "model = tg.nn.MLP(nin, nouts, activation='leaky_relu')  # ou 'elu', 'gelu'; vieses iniciais em 0\n"
            "tg.fit(model, x, y, lr=lr / 10, ...)  # se morreram durante o treino",
        },
    },
    "saturated_units": {
        "en": {
            "title": "saturated units",
            "what": "Share of outputs within 1 % of the bounds of the activation: {places}.",
            "why": "There the activation is flat: its derivative is nearly 0, and so is every gradient behind it.",
            "fix": "layer = tg.nn.Layer(nin, nout, 'tanh', init='glorot_uniform', seed=0)  # smaller initial weights\n"
            "model = tg.nn.MLP(nin, nouts, activation='relu')  # or an activation that is not flat on both sides",
        },
        "pt": {
            "title": "neurônios saturados",
            "what": "Parte das saídas a menos de 1 % dos limites da ativação: {places}.",
            "why": "Ali a função de ativação é plana: a derivada é quase 0, e com ela todo gradiente que passa.",
            "fix": "layer = tg.nn.Layer(nin, nout, 'tanh', init='glorot_uniform', seed=0)  # pesos iniciais menores\n"
            "model = tg.nn.MLP(nin, nouts, activation='relu')  # ou uma ativação que não seja plana dos dois lados",
        },
    },
    "vanishing_gradients": {
        "en": {
            "title": "vanishing gradients",
            "what": "From {last} back to {first} the gradient shrinks to {ratio} of its length: {places}.",
            "why": "The first layers hardly learn: every layer multiplies the gradient by less than 1.",
            "fix": "model = tg.nn.MLP(nin, nouts, activation='relu', seed=0)  # He initialisation; fewer layers\n"
            "block = tg.nn.Residual(tg.nn.Layer(n, n, 'relu'))  # or BatchNorm, LayerNorm between the layers",
        },
        "pt": {
            "title": "gradientes que desaparecem",
            "what": "De {last} até {first} o gradiente encolhe para {ratio} do seu comprimento: {places}.",
            "why": "As primeiras camadas quase não aprendem: cada camada multiplica o gradiente por menos de 1.",
            "fix": "model = tg.nn.MLP(nin, nouts, activation='relu', seed=0)  # inicialização de He; menos camadas\n"
            "block = tg.nn.Residual(tg.nn.Layer(n, n, 'relu'))  # ou BatchNorm, LayerNorm entre as camadas",
        },
    },
    "exploding_gradients": {
        "en": {
            "title": "exploding gradients",
            "what": "From the last layer to the first the gradient grows {back} times, and the numbers on their way"
            " forward {forth} times: {places}.",
            "why": "Steps that suit one layer throw another far off: every layer multiplies by more than 1.",
            "fix": "layer = tg.nn.Layer(nin, nout, 'relu', init='he_normal', seed=0)  # smaller initial weights\n"
            "tg.fit(model, x, y, clip_norm=1.0, ...)  # bounds the gradient; or LayerNorm in between",
        },
        "pt": {
            "title": "gradientes que explodem",
            "what": "Da última camada à primeira o gradiente cresce {back} vezes, e os números, no caminho de ida,"
            " {forth} vezes: {places}.",
            "why": "Passos que servem para uma camada jogam outra longe: cada camada multiplica por mais de 1.",
            "fix": "layer = tg.nn.Layer(nin, nout, 'relu', init='he_normal', seed=0)  # pesos iniciais menores\n"
            "tg.fit(model, x, y, clip_norm=1.0, ...)  # limita o gradiente; ou LayerNorm entre as camadas",
        },
    },
    "no_gradient": {
        "en": {
            "title": "parameters that get no gradient",
            "what": "The loss does not depend on {places}.",
            "why": "They stay as they are, however long the network learns: forward does not use them, or turns them"
            " into plain numbers (.data, no_grad, argmax) on the way.",
            "fix": "loss = ...  # as in training\nprint(tg.why(parameter, loss))  # says where the path is cut",
        },
        "pt": {
            "title": "parâmetros que não recebem gradiente",
            "what": "A perda não depende de {places}.",
            "why": "Eles ficam como estão, por mais que a rede aprenda: o forward não os usa, ou os transforma em"
            " números comuns (.data, no_grad, argmax) no caminho.",
            "fix": "loss = ...  # como no treino\nprint(tg.why(parameter, loss))  # diz onde o caminho se interrompe",
        },
    },
    "forgotten_zero_grad": {
        "en": {
            "title": "gradients were not reset: zero_grad is missing",
            "what": "In .grad of {places} there are gradients already, {times} times as long as that of all rows at the"
            " present weights.",
            "why": "backward() adds to .grad: each step would follow the sum of all gradients so far, and overshoot.",
            "fix": "optimizer.zero_grad()  # in every step, before\nloss.backward()\noptimizer.step()",
        },
        "pt": {
            "title": "os gradientes não foram zerados: falta zero_grad",
            "what": "Em .grad de {places} já há gradientes, {times} vezes o comprimento do gradiente de todas as linhas"
            " com os pesos atuais.",
            "why": "backward() soma em .grad: cada passo seguiria a soma de todos os gradientes até ali, e iria longe"
            " demais.",
            "fix": "optimizer.zero_grad()  # em cada passo, antes de\nloss.backward()\noptimizer.step()",
        },
    },
    # the steps --------------------------------------------------------------------------------------------------------
    "learning_rate_too_high": {
        "en": {
            "title": "the learning rate is too high",
            "what": "With lr={lr} the loss went from {start} up to {highest} in {steps} steps{curvature}.",
            "why": "A step that is too long lands higher up on the other side of the valley: gradient descent does so"
            " above 2 / λ, where λ is the largest curvature of the loss.",
            "fix": "tg.fit(model, x, y, lr={better}, ...)  # or tg.find_learning_rate(model, x, y, loss=...)",
        },
        "pt": {
            "title": "a taxa de aprendizado é alta demais",
            "what": "Com lr={lr} a perda foi de {start} até {highest} em {steps} passos{curvature}.",
            "why": "Um passo longo demais cai mais alto, do outro lado do vale: com o gradiente descendente isso"
            " acontece acima de 2 / λ, onde λ é a maior curvatura da perda.",
            "fix": "tg.fit(model, x, y, lr={better}, ...)  # ou tg.find_learning_rate(model, x, y, loss=...)",
        },
    },
    "learning_rate_too_low": {
        "en": {
            "title": "the learning rate is too low",
            "what": "With lr={lr} the loss fell by {fall} % in {steps} steps; with lr={better} by {more} %.",
            "why": "The steps are so short that the end of training comes before the bottom of the valley.",
            "fix": "tg.fit(model, x, y, lr={better}, ...)  # or tg.find_learning_rate(model, x, y, loss=...)",
        },
        "pt": {
            "title": "a taxa de aprendizado é baixa demais",
            "what": "Com lr={lr} a perda caiu {fall} % em {steps} passos; com lr={better}, {more} %.",
            "why": "Os passos são tão curtos que o treino acaba antes de chegar ao fundo do vale.",
            "fix": "tg.fit(model, x, y, lr={better}, ...)  # ou tg.find_learning_rate(model, x, y, loss=...)",
        },
    },
    "batch_too_small": {
        "en": {
            "title": "the batches are too small",
            "what": "The gradients of batches of size {batch} differ by {noise} times the gradient that they have in"
            " common; {against} % of them point against it.",
            "why": "Steps that contradict one another mostly walk at random.",
            "fix": "tg.fit(model, x, y, batch_size={better}, ...)",
        },
        "pt": {
            "title": "os lotes são pequenos demais",
            "what": "Os gradientes de lotes de tamanho {batch} diferem em {noise} vezes o gradiente que têm em comum;"
            " {against} % deles apontam contra ele.",
            "why": "Passos que se contradizem andam quase ao acaso.",
            "fix": "tg.fit(model, x, y, batch_size={better}, ...)",
        },
    },
    "loss_oscillates": {
        "en": {
            "title": "the loss oscillates",
            "what": "In {rises} of {epochs} epochs the loss rose by more than a third; it is {last} now and was {best}"
            " in epoch {epoch}.",
            "why": "Steps that are too long jump over the bottom of the valley to and fro.",
            "fix": "tg.fit(model, x, y, lr={better}, ...)  # or a falling one: tg.optim.schedules.cosine(lr, steps)",
        },
        "pt": {
            "title": "a perda oscila",
            "what": "Em {rises} de {epochs} épocas a perda subiu mais de um terço; agora é {last} e era {best} na época"
            " {epoch}.",
            "why": "Passos longos demais saltam de um lado para o outro do fundo do vale.",
            "fix": "tg.fit(model, x, y, lr={better}, ...)  # ou uma que cai: tg.optim.schedules.cosine(lr, passos)",
        },
    },
}
